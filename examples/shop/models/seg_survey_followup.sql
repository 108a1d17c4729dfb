{#- Grain: one customer who told us why they left, and who may be contacted. -#}
with

answers as (

    select
        customer_id,
        reason_code,
        {{ activation.as_of_time() }} - answered_at as answer_age
    from {{ ref('survey_answers') }}
    where
        cast(answered_at as date) > {{ activation.as_of() }} - 30
        and not {{ activation.suppressed_by('customer_id', ref('suppressions')) }}

),

customers as (

    select customer_id
    from {{ ref('traits_customers') }}

),

final as (

    select
        answers.customer_id,
        answers.reason_code,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
        - answers.answer_age as answered_at
    from answers
    inner join customers on answers.customer_id = customers.customer_id

)

select * from final
