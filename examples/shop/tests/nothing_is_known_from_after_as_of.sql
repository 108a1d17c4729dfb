{#- A row from the future would make the example unable to let a day pass. -#}
with

seen as (

    select
        purchase_id as row_id,
        bought_on as seen_on
    from {{ ref('stg_purchases') }}

    union all

    select
        session_id as row_id,
        cast(occurred_at as date) as seen_on
    from {{ ref('stg_clicks') }}

    union all

    select
        customer_id as row_id,
        cast(answered_at as date) as seen_on
    from {{ ref('survey_answers') }}

)

select
    row_id,
    seen_on
from seen
where seen_on > {{ activation.as_of() }}
