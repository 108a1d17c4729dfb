{#- Both write to customers about coming back; nobody should get both letters. -#}
select lapsed.customer_id
from {{ ref('seg_lapsed_high_value') }} as lapsed
inner join {{ ref('seg_second_purchase_due') }} as due
    on lapsed.customer_id = due.customer_id
