{#- Grain: one purchase (one line of the CDNOW file), up to as_of. -#}
with

lines as (

    select regexp_split_to_array(trim(line, e' \r'), '\s+') as parts
    from {{ source('shop', 'cdnow') }}

),

purchases as (

    select
        'c_' || parts[1] as customer_id,
        cast(parts[3] as integer) as cd_count,
        cast(parts[4] as decimal(10, 2)) as amount,
        cast(strptime(parts[2], '%Y%m%d') + interval 27 year as date) as bought_on
    from lines

),

final as (

    select
        customer_id || '_' || strftime(bought_on, '%Y%m%d') || '_' || row_number() over (
            partition by customer_id, bought_on
            order by amount, cd_count
        ) as purchase_id,
        customer_id,
        cd_count,
        amount,
        bought_on
    from purchases
    where bought_on <= {{ activation.as_of() }}

)

select * from final
